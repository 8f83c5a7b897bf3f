// Usage: node ws.mjs PORT FOLDER, the folder in which `ws` is installed.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [port, folder] = process.argv.slice(2);
const { WebSocket, WebSocketServer } = createRequire(`${folder}/`)("ws");

const server = createServer(async (request, response) => {
  const parts = await request.toArray();
  const text = Buffer.concat(parts).toString();
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  }
  response.end();
});
const sockets = new WebSocketServer({ server });
server.listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
