// Decide how a tablet stamps and edits a record, as the rules of merging ask (tests/vectors/merge.json holds it to them).
// Pure: clock and randomness are passed in. What only a server does (redacting, merging revisions) is not here.
import { createHash } from 'node:crypto'

const STAMP = /^(\d{15})\.(\d{4})-([A-Za-z0-9_]+)-([A-Za-z0-9_]+)-([0-9a-f]{4,})$/
const AHEAD_MS_MAX = 24 * 60 * 60 * 1000
const FOUND = '000000000000000.0000-0-0-'
const HISTORY = new Set(['fields', 'stamps', 'replaced'])
const SETTLED_KEPT_MAX = 8

export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}

export function nextStamp(clockMs, ownLast, seen, device, member, random) {
  let time = [Math.max(clockMs, 0), 0]
  const follow = (text, limit) => {
    const parts = STAMP.exec(text)
    if (!parts || Number(parts[1]) > limit) return
    const [ms, counter] = [Number(parts[1]), Number(parts[2])]
    const after = counter < 9999 ? [ms, counter + 1] : [ms + 1, 0]
    if (after[0] > time[0] || (after[0] === time[0] && after[1] > time[1])) time = after
  }
  follow(ownLast, Infinity)
  for (const text of seen) follow(text, clockMs + AHEAD_MS_MAX)
  const mark = random(2 ** 32).toString(16).padStart(8, '0')
  return `${String(time[0]).padStart(15, '0')}.${String(time[1]).padStart(4, '0')}-${device}-${member}-${mark}`
}

// Give fields new values, knowing every live write of the leaves. `rules`: the merge rule of a path's head, else the latest.
export function edit(leaves, changes, stamp, { rules = {} } = {}) {
  const record = read(leaves)
  for (const [path, value] of Object.entries(changes)) {
    const at = record.writes.get(path) ?? record.writes.set(path, new Map()).get(path)
    const live = [...at.values()].filter(isLive)
    if (live.length === 1 && canonical(live[0].value) === canonical(value)) continue
    for (const write of at.values()) if (write.by === '') write.by = stamp
    add(record, { path, stamp, value, by: '' })
  }
  return written(record, rules)
}

export function stampsOf(body) {
  const stamps = new Set(Object.values(body.stamps ?? {}))
  for (const entry of body.replaced ?? []) stamps.add(entry.stamp).add(entry.by)
  stamps.delete('')
  return [...stamps]
}

function read(leaves) {
  const record = { envelope: {}, created: '', writes: new Map() }
  for (const body of leaves) {
    const created = body.stamps?.[''] ?? ''
    if (created && (!record.created || created < record.created)) record.created = created
    for (const [name, value] of Object.entries(body)) {
      if (!HISTORY.has(name) && (!name.startsWith('_') || name === '_attachments')) record.envelope[name] = value
    }
    for (const [path, value] of Object.entries(body.fields ?? {})) {
      add(record, { path, stamp: body.stamps?.[path] || created || FOUND + markOf(path, value), value, by: '' })
    }
    for (const { path, stamp, by, ...rest } of body.replaced ?? []) add(record, { path, stamp, by, ...rest })
  }
  return record
}

function add(record, write) {
  const at = record.writes.get(write.path) ?? record.writes.set(write.path, new Map()).get(write.path)
  const held = at.get(keyOf(write))
  if (!held) at.set(keyOf(write), { ...write })
  else if (write.by && (!held.by || write.by < held.by)) held.by = write.by
}

function written(record, rules) {
  const [fields, stamps, replaced] = [{}, record.created ? { '': record.created } : {}, []]
  for (const path of [...record.writes.keys()].sort()) {
    const writes = [...record.writes.get(path).values()].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
    const live = writes.filter(isLive)
    const top = live.length ? shown(rules[path.split('/')[0]] ?? 'latest', live) : undefined
    if (top) {
      fields[path] = top.value
      if (top.stamp !== record.created) stamps[path] = top.stamp
    }
    const settled = [...new Set(writes.filter((write) => write.by && !write.stamp.startsWith(FOUND)).map((write) => write.stamp))]
    const lost = new Set(settled.sort().slice(0, Math.max(0, settled.length - SETTLED_KEPT_MAX)))
    for (const write of writes) {
      if (write === top) continue
      const entry = { path, stamp: write.stamp, by: write.by }
      if ('value' in write && !(write.by && lost.has(write.stamp))) entry.value = write.value
      else if ('value' in write) entry.was = markOf(path, write.value)
      else if (write.was) entry.was = write.was
      replaced.push(entry)
    }
  }
  return { ...record.envelope, fields, stamps, replaced }
}

function shown(rule, live) {
  if (live.length === 1) return live[0]
  const rank = (write) => [rule === 'set' ? Number(write.value === true) : rule === 'largest' ? write.value : 0, keyOf(write)]
  const later = (one, other) => {
    const [a, b] = [rank(one), rank(other)]
    return a[0] !== b[0] ? a[0] > b[0] : a[1] > b[1]
  }
  return live.reduce((best, write) => (later(write, best) ? write : best))
}

const isLive = (write) => write.by === '' && 'value' in write
const keyOf = (write) => `${write.stamp} ${'value' in write ? canonical(write.value) : `\0${write.was ?? ''}`}`
const markOf = (path, value) => createHash('sha256').update(canonical([path, value])).digest('hex').slice(0, 16)
