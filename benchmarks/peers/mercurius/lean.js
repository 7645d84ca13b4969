// Mercurius over one table of choices and one of sync metadata: what a user writes who needs no more.
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

const CHOICE = `subject_id AS "subjectId", purpose, granted, legal_basis AS "legalBasis", policy_version AS "policyVersion", decided_at AS "decidedAt"`;
const ONE = `SELECT ${CHOICE} FROM lean.choices WHERE subject_id = $1::uuid AND purpose = $2`;
const MANY = `SELECT ${CHOICE} FROM lean.choices WHERE subject_id = ANY($1::uuid[]) AND purpose = $2`;
const OF_PERSON = `SELECT ${CHOICE} FROM lean.choices WHERE subject_id = $1::uuid ORDER BY purpose`;
const SYNC_METADATA = `
  SELECT account_id AS "accountId", reference, storage_bytes AS "storageBytes", file_count AS "fileCount",
    last_synced_at AS "lastSyncedAt", app, version, platform, user_agent AS "userAgent", last_seen_at AS "lastSeenAt"
  FROM lean.sync_metadata WHERE subject_id = $1::uuid ORDER BY account_id, app`;

// The purposes stand in the program: a request reads choices alone. Without a choice the legal basis decides.
const defaults = (await query("purposes", "SELECT key, legal_basis FROM purposes ORDER BY key")).map((row) => ({
  purpose: row.key,
  granted: row.legal_basis !== "CONSENT",
  legalBasis: row.legal_basis,
  policyVersion: null,
  decidedAt: null,
}));

const resolvers = {
  DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (value) => value.toISOString() }),
  BigInt: new GraphQLScalarType({ name: "BigInt", serialize: (value) => value }),
  Query: {
    async choice(_, { subjectId, purpose }) {
      const [row] = await query("one", ONE, subjectId, purpose);
      return row ?? null;
    },
    async choices(_, { subjectIds, purpose }) {
      const rows = await query("many", MANY, subjectIds, purpose);
      const choices = new Map(rows.map((row) => [row.subjectId, row]));
      return subjectIds.map((id) => choices.get(id));
    },
    choicesOf: (_, { subjectId }) => query("of person", OF_PERSON, subjectId),
    async decisions(_, { subjectId }) {
      const rows = await query("of person", OF_PERSON, subjectId);
      const choices = new Map(rows.map((row) => [row.purpose, row]));
      return defaults.map((each) => choices.get(each.purpose) ?? { subjectId, ...each });
    },
    syncMetadata: (_, { subjectId }) => query("sync metadata", SYNC_METADATA, subjectId),
  },
};

const schema = readFileSync(new URL("../lean.graphql", import.meta.url), "utf8");
const app = Fastify({ logger: false });
app.register(mercurius, { schema, resolvers, jit: 1 });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
