// Baileys' group ciphers over a directory, without a network.
//
//   node group.mjs PACKAGES STATE '{"group","mine":[user,device],"hers":[user,device],"read":[hex,…],"write":text}'
//
// Answers {"read":[text,…],"written":hex}: what it decrypts of hers, and a message in its own key.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [packages, directory, task] = process.argv.slice(2)
const { group, mine, hers, read, write } = JSON.parse(task)
const require = createRequire(join(packages, 'driver.mjs'))
const load = (path) => import(pathToFileURL(require.resolve(path)))
const { useMultiFileAuthState } = await load('baileys')
const { GroupCipher, SenderKeyName, SenderKeyRecord } = await load('baileys/lib/Signal/Group/index.js')
const { ProtocolAddress } = (await load('libsignal')).default

const { state } = await useMultiFileAuthState(directory)
const store = {
  loadSenderKey: async (name) => {
    const key = (await state.keys.get('sender-key', [name.toString()]))[name.toString()]
    return key ? SenderKeyRecord.deserialize(key) : new SenderKeyRecord()
  },
  storeSenderKey: (name, record) =>
    state.keys.set({ 'sender-key': { [name.toString()]: Buffer.from(JSON.stringify(record.serialize())) } }),
}
const name = ([user, device]) => new SenderKeyName(group, new ProtocolAddress(user, device))

const texts = []
for (const letter of read) {
  const plain = await new GroupCipher(store, name(hers)).decrypt(Buffer.from(letter, 'hex'))
  texts.push(Buffer.from(plain).toString())
}
const written = await new GroupCipher(store, name(mine)).encrypt(Buffer.from(write))
process.stdout.write(JSON.stringify({ read: texts, written: Buffer.from(written).toString('hex') }))
process.exit(0)
