// Runs one Baileys client against a loopback WhatsApp and speaks JSON lines with whoever started it.
//
//   node driver.mjs --url ws://127.0.0.1:PORT/ws/chat --root HEX --state DIR
//
// Commands on stdin, one JSON object a line; each is answered by {"answer": id, …} or {"answer": id, "error": "…"}:
//   {"id": 1, "do": "send", "to": "15550100102", "text": "…"}   → {"answer": 1, "message": "<id>"}
//   {"id": 2, "do": "read", "chat": "<jid>", "message": "<id>"}
//   {"id": 3, "do": "code", "number": "15550100101"}            → {"answer": 3, "code": "ABCD1234"}
//   {"id": 4, "do": "logout"}
//   {"id": 5, "do": "end"}: closes the connection and answers when all that it keeps is written
// Events on stdout: {"event": "qr", "qr"} · {"event": "open", "me", "lid"} · {"event": "close", "code"} ·
//   {"event": "received", "id", "chat", "fromMe", "text", "kind"} · {"event": "status", "id", "status"}
//   (status: 2 taken by the network, 3 delivered, 4 read) · {"event": "synced", "name"}.
// Ends when stdin ends. Logs go to stderr (level in BAILEYS_LOG, default "fatal").

import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { url: { type: 'string' }, root: { type: 'string' }, state: { type: 'string' } },
})
if (!options.url || !options.root || !options.state) {
  process.stderr.write('driver.mjs needs --url, --root and --state\n')
  process.exit(2)
}
const { hostname } = new URL(options.url)
if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
  process.stderr.write('driver.mjs dials loopback only\n')
  process.exit(2)
}

// libsignal's JavaScript port prints whole sessions to stdout, which is ours.
console.log = console.info = console.debug = console.warn = () => {}

const baileys = await import('baileys')
const { default: pino } = await import('pino')
const { makeWASocket, useMultiFileAuthState, WA_CERT_DETAILS, DisconnectReason, getContentType } = baileys
// The sandbox signs its Noise certificates with a root of its own.
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(options.root, 'hex')

const logger = pino({ level: process.env.BAILEYS_LOG ?? 'fatal' }, pino.destination(2))
const tell = (value) => process.stdout.write(JSON.stringify(value) + '\n')
const jid = (to) => (to.includes('@') ? to : `${to.replace(/\D/g, '')}@s.whatsapp.net`)

// What was sent, for devices that ask for it again.
const sent = new Map()
let socket
let stopped = false
// Writes to the state directory that are under way.
const writes = new Set()
const writing = (write) => {
  writes.add(write)
  write.finally(() => writes.delete(write))
  return write
}

async function connect() {
  const { state, saveCreds } = await useMultiFileAuthState(options.state)
  const { set } = state.keys
  state.keys.set = (data) => writing(set(data))
  socket = makeWASocket({
    auth: state,
    logger,
    waWebSocketUrl: options.url,
    getMessage: async ({ id }) => sent.get(id),
  })
  socket.ev.on('creds.update', async (update) => {
    await writing(saveCreds())
    if (update.me?.name) tell({ event: 'synced', name: update.me.name })
  })
  socket.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
    if (qr) tell({ event: 'qr', qr })
    if (connection === 'open') tell({ event: 'open', me: socket.user?.id, lid: socket.user?.lid })
    if (connection === 'close') {
      const code = lastDisconnect?.error?.output?.statusCode
      tell({ event: 'close', code, why: lastDisconnect?.error?.message })
      if (stopped || code === DisconnectReason.loggedOut) return
      // 515 asks for a new connection at once; anything else gets a moment.
      setTimeout(connect, code === DisconnectReason.restartRequired ? 0 : 500)
    }
  })
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message, status } of messages) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text
      tell({
        event: 'received',
        id: key.id,
        chat: key.remoteJid,
        alt: key.remoteJidAlt,
        fromMe: key.fromMe,
        text,
        kind: getContentType(message ?? {}),
      })
      // While Baileys buffers its events, a receipt is merged into the message that it is for.
      if (key.fromMe && status) tell({ event: 'status', id: key.id, status })
    }
  })
  socket.ev.on('messages.update', (updates) => {
    for (const { key, update } of updates) {
      if (update.status !== undefined) tell({ event: 'status', id: key.id, status: update.status })
    }
  })
}

async function act(command) {
  switch (command.do) {
    case 'send': {
      const message = await socket.sendMessage(jid(command.to), { text: command.text })
      sent.set(message.key.id, message.message)
      return { message: message.key.id }
    }
    case 'read':
      await socket.readMessages([{ remoteJid: command.chat, id: command.message, fromMe: false }])
      return {}
    case 'code':
      return { code: await socket.requestPairingCode(command.number) }
    case 'logout':
      stopped = true
      await socket.logout()
      return {}
    case 'end': {
      stopped = true
      await socket.end(undefined)
      // What it still works on writes too: over is when nothing was written for a while.
      for (let quiet = 0; quiet < 10; quiet++) {
        if (writes.size > 0) quiet = 0
        await Promise.allSettled(writes)
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      return {}
    }
    default:
      throw new Error(`unknown command ${command.do}`)
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const command = JSON.parse(line)
  try {
    tell({ answer: command.id, ...(await act(command)) })
  } catch (error) {
    tell({ answer: command.id, error: String(error?.message ?? error) })
  }
})
lines.on('close', () => {
  stopped = true
  process.exit(0)
})

await connect()
