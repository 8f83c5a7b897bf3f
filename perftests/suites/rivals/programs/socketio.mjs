// Usage: node socketio.mjs PORT FOLDER, the folder in which `socket.io` is installed.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [port, folder] = process.argv.slice(2);
const { Server } = createRequire(`${folder}/`)("socket.io");
const ACK_MS = 30_000;

let waiting = 0;

const server = createServer(async (request, response) => {
  const parts = await request.toArray();
  if (request.url === "/waiting") {
    response.end(String(waiting));
    return;
  }
  const notification = JSON.parse(Buffer.concat(parts).toString());
  if (request.url === "/acknowledged") {
    waiting += 1;
    io.timeout(ACK_MS).emit("notification", notification, () => (waiting -= 1));
  } else {
    io.emit("notification", notification);
  }
  response.end();
});
const io = new Server(server);
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
