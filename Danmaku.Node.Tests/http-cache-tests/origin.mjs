// The suite's own server, on loopback alone; PORT says where. It takes what npm would set from the environment.
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, '127.0.0.1', ...rest)
}
process.env.npm_config_protocol = 'http'
process.env.npm_config_port = process.env.PORT
process.env.npm_config_pidfile = path.join(os.tmpdir(), `danmaku-http-cache-tests-${process.env.PORT}.pid`)
await import('http-cache-tests/server/server.mjs')
