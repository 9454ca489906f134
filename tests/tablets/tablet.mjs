// A tablet for tests: PouchDB on disk, driven by one JSON object a line, answering with one a line.
// Started with {"directory", "url", "device", "member", "name", "password"} or "token" as its argument.
import { randomInt } from 'node:crypto'
import { createInterface } from 'node:readline'
import PouchDB from 'pouchdb'
import { stampsOf } from '../../web/shared/records/body.ts'
import { edit } from '../../web/shared/records/edit.ts'
import { nextStamp } from '../../web/shared/records/stamps.ts'

// PouchDB leaves some failed requests unhandled; a browser writes them to its console and goes on.
process.on('unhandledRejection', (error) => console.error('unhandled:', error.message))

const about = JSON.parse(process.argv[2])
const mine = new Map()
let last = ''

function here(db) {
  if (!mine.has(db)) mine.set(db, new PouchDB(`${about.directory}/${encodeURIComponent(db)}`, { auto_compaction: false }))
  return mine.get(db)
}

function there(db) {
  const proof = about.token
    ? `Bearer ${about.token}`
    : `Basic ${Buffer.from(`${about.name}:${about.password}`).toString('base64')}`
  // Node's own fetch: the one that PouchDB brings along waits for ever when a connection ends within an answer.
  const fetch = async (url, { method, headers, body, signal }) => {
    const answer = await globalThis.fetch(url, { method, headers: { ...Object.fromEntries(headers), authorization: proof }, body, signal })
    answer.buffer = async () => Buffer.from(await answer.arrayBuffer())
    return answer
  }
  return new PouchDB(`${about.url}/${encodeURIComponent(db)}`, { fetch, skip_setup: true })
}

function stamp(seen, clock) {
  last = nextStamp(clock, last, seen, about.device, about.member, randomInt(2 ** 32))
  return last
}

function replicate(db, { from, to, live }) {
  const denied = []
  const running = PouchDB.replicate(from, to, { batch_size: 40, batches_limit: 2, live: Boolean(live), retry: Boolean(live) })
  running.on('denied', (told) => denied.push(told.doc ?? told))
  return { running, denied }
}

const live = new Map()

const does = {
  // Documents as they are; the answer is PouchDB's, one for each.
  put: ({ db, docs }) => here(db).bulkDocs(docs),
  make: async ({ db, id, body, clock }) => {
    const put = await here(db).put({ ...body, _id: id, device: about.device, author: about.member, stamps: { '': stamp([], clock) } })
    return put.rev
  },
  change: async ({ db, id, changes, clock }) => {
    const winner = await here(db).get(id)
    const leaves = (await here(db).get(id, { open_revs: 'all' })).filter((one) => one.ok).map((one) => one.ok)
    const body = edit(leaves, changes, stamp(leaves.flatMap((one) => [...stampsOf(one)]), clock))
    return (await here(db).put({ ...body, _id: id, _rev: winner._rev })).rev
  },
  get: ({ db, id, options }) => here(db).get(id, options ?? {}),
  ask: ({ db, id, options }) => there(db).get(id, options ?? {}),
  all: async ({ db, prefix }) => {
    const { rows } = await here(db).allDocs({ startkey: prefix, endkey: `${prefix}\uffff`, include_docs: true, conflicts: true })
    return rows.map((row) => row.doc)
  },
  push: async ({ db }) => told(replicate(db, { from: here(db), to: there(db) })),
  pull: async ({ db }) => told(replicate(db, { from: there(db), to: here(db) })),
  go_live: async ({ db }) => {
    const push = replicate(db, { from: here(db), to: there(db), live: true })
    const pull = replicate(db, { from: there(db), to: here(db), live: true })
    push.running.catch(() => {})
    pull.running.catch(() => {})
    live.set(db, [push.running, pull.running])
  },
  go_offline: async ({ db }) => {
    for (const running of live.get(db) ?? []) running.cancel()
    live.delete(db)
  },
}

async function told({ running, denied }) {
  try {
    const result = await running
    return { complete: result.ok && !result.doc_write_failures && !denied.length, read: result.docs_read, written: result.docs_written, denied }
  } catch (error) {
    return { complete: false, error: error.message ?? String(error), status: error.status, denied }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...asked } = JSON.parse(line)
  let answer
  try {
    answer = { ok: (await does[op](asked)) ?? null }
  } catch (error) {
    answer = { error: error.message ?? String(error), status: error.status, name: error.name }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
