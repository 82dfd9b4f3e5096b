// Node's `ws` as a relay, for comparisons (docs/benchmarks.md): every text message goes to all in its room.
//
// npm install ws && node nodews.mjs --port 9000
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";

const { values } = parseArgs({ options: { port: { type: "string", default: "9000" } } });
const rooms = new Map();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members);
  members.add(socket);
  socket.on("message", (data) => {
    for (const member of members) {
      member.send(data, { binary: false });
    }
  });
  socket.on("close", () => members.delete(socket));
  socket.on("error", () => socket.terminate());
});

http.listen({ port: Number(values.port), host: "127.0.0.1", backlog: 4096 }, () => console.log("ready"));
