// Decides who has the tablet open: choosing a slot, trying a PIN, enrolling, recovering, leaving, erasing.

import { reactive, shallowRef } from "vue";
import { Server } from "../sync/server.ts";
import type { Enrolled, Proof } from "../sync/server.ts";
import { makeRecoverable, newDataKey, recovered, unwrap, wrap, WrongPin } from "../vault/keys.ts";
import type { Bytes } from "../vault/sealing.ts";
import { afterWrongPin, Slots, waits } from "../vault/slots.ts";
import type { Slot } from "../vault/slots.ts";
import { ulid } from "../../shared/records/ids.ts";
import { beaconOf } from "../vault/beacon.ts";
import { eraseSlot, Opened } from "./opened.ts";

export { WrongPin } from "../vault/keys.ts";

/** Another account than the slot's has proved itself. */
export class AnotherAccount extends Error {}

/** This account is on the tablet already: its slot is opened with its PIN. */
export class AlreadyHere extends Error {}

/** An account that belongs to no branch records nothing on a tablet. */
export class NoMember extends Error {}

export const session = reactive({ slots: [] as Slot[], ready: false });
/** Not deeply reactive: databases are no data. */
export const opened = shallowRef<Opened | null>(null);

const LAST = "fieldbook.last";
let slots: Slots;

/** Who had the tablet open last, if that place is still on it. */
export function lastSlot(): string {
  const last = session.slots.length === 1 ? session.slots[0]!.id : localStorage.getItem(LAST);
  return session.slots.find((one) => one.id === last)?.id ?? "";
}

export async function start(): Promise<void> {
  slots = await Slots.open();
  session.slots = await slots.all();
  session.ready = true;
}

/** Throws WrongPin; waits are kept whatever happens to the app. */
export async function unlock(slot: Slot, pin: string): Promise<void> {
  const held = (await slots.all()).find((one) => one.id === slot.id)!;
  if (held.locked || waits(held, Date.now()) > 0) throw new WrongPin("too soon");
  await slots.change(held.id, afterWrongPin(held, Date.now()));
  const dataKey = await unwrap(held.wrapped, pin, await slots.deviceKey()).finally(refresh);
  await enter(await slots.change(held.id, { wrong: 0, until: 0 }), dataKey);
}

/** First log-in of a member on this tablet: asks the server once, then the PIN opens it without. */
export async function enrol(server: string, proof: Proof, pin: string): Promise<void> {
  const told = await Server.enrol(server, proof);
  if (!told.member || !told.branch) throw new NoMember("this account belongs to no branch");
  const dataKey = newDataKey();
  const slot: Slot = {
    id: ulid(Date.now()).toLowerCase(),
    account: told.account,
    member: told.member,
    name: told.account,
    branch: told.branch,
    former: [],
    role: told.role,
    server,
    tablet: told.tablet.id,
    wrapped: await wrap(dataKey, pin, await slots.deviceKey()),
    recoverable: told.recovery === null ? null : await makeRecoverable(dataKey, told.account, told.recovery),
    recovery: told.recovery,
    wrong: 0,
    until: 0,
    unsent: 0,
    beacon: beaconOf(told.token),
    locked: false,
  };
  await slots.put(slot);
  await enter(slot, dataKey, told);
}

/** The tablet's token has ended: prove again who one is. What is on the tablet stays as it is. */
export async function enrolAgain(proof: Proof): Promise<void> {
  const held = opened.value!;
  const told = await Server.enrol(held.slot.server, proof, held.slot.tablet);
  if (told.account !== held.slot.account) throw new AnotherAccount("another account");
  await held.useToken(told.token);
  await held.change({ beacon: beaconOf(told.token) });
}

/** A forgotten PIN: the account proves itself to the server, which unwraps the data key for it. */
export async function recover(slot: Slot, proof: Proof, pin: string): Promise<void> {
  const told = await Server.enrol(slot.server, proof, slot.tablet, slot.recoverable!);
  if (told.account !== slot.account || told.data_key === null) throw new AnotherAccount("another account");
  const dataKey = recovered(told.data_key);
  const wrapped = await wrap(dataKey, pin, await slots.deviceKey());
  await enter(await slots.change(slot.id, { wrapped, wrong: 0, until: 0 }), dataKey, told);
}

export async function changePin(pin: string): Promise<void> {
  const held = opened.value!;
  await held.change({ wrapped: await wrap(held.dataKey, pin, await slots.deviceKey()) });
}

/** Throws WrongPin. Used where a screen is left that was handed to somebody else: each wrong one costs what it costs on the lock screen. */
export async function provePin(pin: string): Promise<void> {
  const held = opened.value!;
  if (waits(held.slot, Date.now()) > 0) throw new WrongPin("too soon");
  await held.change(afterWrongPin(held.slot, Date.now()));
  await unwrap(held.slot.wrapped, pin, await slots.deviceKey());
  await held.change({ wrong: 0, until: 0 });
}

/** Seconds until a PIN may be tried again. */
export function pinWaits(slot: Slot): number {
  return Math.ceil(waits(slot, Date.now()) / 1000);
}

export async function lock(): Promise<void> {
  const held = opened.value;
  opened.value = null;
  await held?.close();
  await refresh();
}

/** Everything of this member leaves the tablet. */
export async function erase(slot: Slot): Promise<void> {
  if (opened.value?.slot.id === slot.id) await lock();
  await eraseSlot(slots, slot);
  await refresh();
}

/** The member has moved to another branch, or one that was left is done with: the databases are others now. */
export async function reopen(): Promise<void> {
  const held = opened.value!;
  const dataKey = held.dataKey.slice();
  await held.close();
  opened.value = await Opened.open(slots, held.slot, dataKey);
}

/** The branch has locked a member's place on this tablet, or unlocked it. */
export async function branchLocked(slot: Slot, locked: boolean): Promise<void> {
  if (locked && opened.value?.slot.id === slot.id) await lock();
  await slots.change(slot.id, { locked });
  await refresh();
}

async function enter(slot: Slot, dataKey: Bytes, told?: Enrolled): Promise<void> {
  const made = await Opened.open(slots, slot, dataKey);
  if (told !== undefined) {
    await made.useToken(told.token);
    await made.change({ beacon: beaconOf(told.token), locked: false });
    await made.learn({ zone: told.zone, keep_days: told.keep_days, name: "", role: told.role, recovery: told.recovery, branch: told.branch });
  }
  localStorage.setItem(LAST, slot.id);
  opened.value = made;
  await refresh();
}

async function refresh(): Promise<void> {
  session.slots = await slots.all();
}
