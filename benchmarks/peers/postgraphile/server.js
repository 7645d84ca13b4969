// PostGraphile 5 with its Amber preset, as its documentation teaches for production: no IDE, no watching.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import pg from "pg";

const pool = new pg.Pool({
  host: process.env.PEER_SOCKET,
  port: 5432,
  user: "privacy",
  database: process.env.PEER_DATABASE,
  max: Number(process.env.PEER_CONNECTIONS ?? 10),
});
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: [process.env.PEER_SCHEMA ?? "public"] })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
};
const serv = postgraphile(preset).createServ(grafserv);
const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await serv.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
