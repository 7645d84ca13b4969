// Fastify, Mercurius with jit: 1 and loaders, pg with prepared statements: as its documentation teaches, and no slower than we can make it.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({
  host: process.env.PEER_SOCKET,
  port: 5432,
  user: "privacy",
  database: process.env.PEER_DATABASE,
  max: Number(process.env.PEER_CONNECTIONS ?? 10),
});
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const query = async (name, text, ...values) => (await pool.query({ name, text, values })).rows;
const subjectId = (id) => `sub_${id.replaceAll("-", "")}`;
const uuid = (id) => id.slice(4);

const DECIDED = `
  SELECT p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
  FROM purposes p
  LEFT JOIN subjects s ON s.id = ANY($1::uuid[])
  LEFT JOIN consents c ON c.subject_id = s.id AND c.purpose = p.key
  WHERE p.key = $2`;
const DECIDED_ONE = DECIDED.replace("= ANY($1::uuid[])", "= $1::uuid");
const DECIDED_BY_EMAIL = `
  SELECT p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
  FROM purposes p
  LEFT JOIN email_addresses e ON e.address = $1
  LEFT JOIN subjects s ON s.id = e.subject_id
  LEFT JOIN consents c ON c.subject_id = s.id AND c.purpose = p.key
  WHERE p.key = $2`;
const DAY = 86_400_000;
const ALLOWING = new Set(["GRANTED", "NOT_OBJECTED", "NECESSARY"]);

function judged(row) {
  const { status, legal_basis: basis, opted_out_at: out, state, effective_at: since, lapses_after_days: days } = row;
  if (status !== "ACTIVE") return [status, null];
  if (basis === "CONTRACT" || basis === "LEGAL_OBLIGATION") return ["NECESSARY", null];
  const needsConsent = basis === "CONSENT";
  if (out && (!since || (state === "GRANTED" && since <= out))) return [needsConsent ? "WITHDRAWN" : "OBJECTED", out];
  if (!state) return [needsConsent ? "NEVER_ASKED" : "NOT_OBJECTED", null];
  if (state !== "GRANTED") return [needsConsent ? "WITHDRAWN" : "OBJECTED", since];
  if (!needsConsent) return ["NOT_OBJECTED", since];
  const lapsed = days && new Date(since.getTime() + days * DAY);
  return lapsed && lapsed <= new Date() ? ["LAPSED", lapsed] : ["GRANTED", since];
}

function decision(row, purpose) {
  if (!row.id) {
    return { subjectId: null, purpose, allowed: false, reason: "UNKNOWN_SUBJECT", legalBasis: row.legal_basis, effectiveAt: null };
  }
  const [reason, effectiveAt] = judged(row);
  return { subjectId: subjectId(row.id), purpose, allowed: ALLOWING.has(reason), reason, legalBasis: row.legal_basis, effectiveAt };
}

const resolvers = {
  // As precise as a Date is: milliseconds. The check before the timing allows for it.
  DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (value) => value.toISOString() }),
  BigInt: new GraphQLScalarType({ name: "BigInt", serialize: (value) => value }),
  Query: {
    async consentDecision(_, { subject, purpose }) {
      const [row] = subject.id
        ? await query("decided one", DECIDED_ONE, uuid(subject.id), purpose)
        : await query("decided by email", DECIDED_BY_EMAIL, subject.email, purpose);
      return decision(row, purpose);
    },
    async consentDecisions(_, { subjects, purpose }) {
      const rows = await query("decided", DECIDED, subjects.ids.map(uuid), purpose);
      const found = new Map(rows.map((row) => [row.id && subjectId(row.id), row]));
      return subjects.ids.map((id) => decision(found.get(id) ?? { legal_basis: rows[0].legal_basis }, purpose));
    },
    async subject(_, { by }) {
      const [row] = await query(
        "subject",
        `SELECT s.id, s.status, s.display_name, s.country
         FROM email_addresses e JOIN subjects s ON s.id = e.subject_id WHERE e.address = $1`,
        by.email,
      );
      return row && { id: subjectId(row.id), uuid: row.id, status: row.status, displayName: row.display_name, country: row.country };
    },
  },
};

function grouped(queries, rows, key, make) {
  const groups = new Map(queries.map(({ obj }) => [obj.uuid, []]));
  for (const row of rows) groups.get(row[key]).push(make(row));
  return queries.map(({ obj }) => groups.get(obj.uuid));
}
const ids = (queries) => queries.map(({ obj }) => obj.uuid);

const loaders = {
  Subject: {
    async emails(queries) {
      const rows = await query(
        "emails",
        `SELECT subject_id, address, is_primary FROM email_addresses
         WHERE subject_id = ANY($1::uuid[]) ORDER BY subject_id, is_primary DESC, added_at, id`,
        ids(queries),
      );
      return grouped(queries, rows, "subject_id", (row) => ({ address: row.address, isPrimary: row.is_primary }));
    },
    async consents(queries) {
      const rows = await query(
        "consents",
        `SELECT c.subject_id, c.state, c.effective_at, c.channel, p.key, p.title
         FROM consents c JOIN purposes p ON p.key = c.purpose
         WHERE c.subject_id = ANY($1::uuid[]) ORDER BY c.subject_id, c.purpose`,
        ids(queries),
      );
      return grouped(queries, rows, "subject_id", (row) => ({
        purpose: { key: row.key, title: row.title },
        state: row.state,
        effectiveAt: row.effective_at,
        channel: row.channel,
      }));
    },
    async syncAccounts(queries) {
      const rows = await query(
        "sync accounts",
        `SELECT id, subject_id, reference, storage_bytes, file_count, last_synced_at
         FROM sync_accounts WHERE subject_id = ANY($1::uuid[]) ORDER BY subject_id, id`,
        ids(queries),
      );
      return grouped(queries, rows, "subject_id", (row) => ({
        uuid: row.id,
        id: `syn_${row.id.replaceAll("-", "")}`,
        reference: row.reference,
        storageBytes: row.storage_bytes,
        fileCount: row.file_count,
        lastSyncedAt: row.last_synced_at,
      }));
    },
  },
  SyncAccount: {
    async clients(queries) {
      const rows = await query(
        "clients",
        `SELECT sync_account_id, app, version, platform, user_agent, last_seen_at
         FROM sync_clients WHERE sync_account_id = ANY($1::uuid[]) ORDER BY sync_account_id, last_seen_at DESC, app`,
        ids(queries),
      );
      return grouped(queries, rows, "sync_account_id", (row) => ({
        app: row.app,
        version: row.version,
        platform: row.platform,
        userAgent: row.user_agent,
        lastSeenAt: row.last_seen_at,
      }));
    },
  },
};

const schema = readFileSync(new URL("../schema.graphql", import.meta.url), "utf8");
const app = Fastify({ logger: false });
// The loaders batch; their cache, which lives as long as a request, is left as it comes.
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
