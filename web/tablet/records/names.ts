// Decides how people, subjects and offices are called on a screen: by their names as this tablet knows them, else by their ids.

import type { Shelf } from "../store/shelf.ts";

export class Names {
  readonly #people: ReadonlyMap<string, string>;
  readonly #things: ReadonlyMap<string, string>;

  constructor(people: ReadonlyMap<string, string>, things: ReadonlyMap<string, string>) {
    this.#people = people;
    this.#things = things;
  }

  /** `m0117` in words. */
  person(member: string): string {
    return this.#people.get(member) ?? member;
  }

  /** The name of a subject, branch, window or unit; "" when it is not here. */
  of(id: string): string {
    return this.#things.get(id) ?? "";
  }

  /** With names of more things, by id. */
  with(things: Iterable<readonly [id: string, name: string]>): Names {
    return new Names(this.#people, new Map([...this.#things, ...things]));
  }

  has(id: string): boolean {
    return this.#things.has(id);
  }
}

export async function namesOf(shelf: Shelf): Promise<Names> {
  const [subjects, members, ...offices] = await Promise.all([
    shelf.subjects(),
    shelf.between("member", "", "\uffff"),
    ...["branch", "window", "unit"].map((type) => shelf.between(type, "", "\uffff")),
  ]);
  const people = new Map(members.map((one) => [one.id.replace(/^member:/, ""), one.name || one.id]));
  const things = new Map([...subjects.values(), ...offices.flat()].map((one) => [one.id, one.name]));
  return new Names(people, things);
}
