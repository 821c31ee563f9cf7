// A directory at @boxyhq/saml-jackson, served as its own application serves it: one handler behind a plain HTTP server, in two processes.
// node jackson.js <folder of the server's socket> <database> prints {"port", "path", "token"} once it listens.
const cluster = require("node:cluster");
const http = require("node:http");

console.log = () => {}; // it says for each person that no webhook is there
const [, , socket, database] = process.argv;
// Its settings take a URL, which can't name a socket; the driver below it can.
const pg = require("pg");
const { Pool } = pg;
pg.Pool = class extends Pool {
  constructor(given) {
    super({ ...given, connectionString: undefined, host: socket, user: "postgres", database });
  }
};
const options = {
  externalUrl: "http://127.0.0.1", samlPath: "/api/oauth/saml", scimPath: "/api/scim/v2.0", noAnalytics: true,
  db: { engine: "sql", type: "postgres", url: `postgresql://postgres:none@localhost/${database}` },
  logger: { info() {}, warn() {}, error: console.error },
};

async function serve() {
  const { directorySyncController } = await require("@boxyhq/saml-jackson").controllers(options);
  http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const [directoryId, kind, resourceId] = request.url.split("?")[0].split("/").slice(4);
    const { status, data } = await directorySyncController.requests.handle({
      method: request.method, directoryId, resourceId, resourceType: kind === "Users" ? "users" : "groups",
      apiSecret: (request.headers.authorization || "").replace("Bearer ", ""),
      body: chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined, query: {},
    });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(data));
  }).listen(Number(process.env.PORT), "127.0.0.1", () => process.send("listening"));
}

async function begin() {
  const { directorySyncController, close } = await require("@boxyhq/saml-jackson").controllers(options);
  const { data, error } = await directorySyncController.directories.create({ tenant: "bench", product: "bench", name: "bench", type: "okta-scim-v2" });
  if (error) throw new Error(error.message);
  await close();
  const probe = http.createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => {
      let listening = 0;
      for (let number = 0; number < 2; number++) {
        cluster.fork({ PORT: port }).on("message", () => {
          if (++listening === 2) process.stdout.write(`${JSON.stringify({ port, path: `/api/scim/${data.scim.path.split("/api/scim/")[1]}`, token: data.scim.secret })}\n`);
        });
      }
    });
  });
}

(cluster.isPrimary ? begin() : serve()).catch((error) => {
  console.error(error);
  process.exit(1);
});
process.on("disconnect", () => process.exit());
