/** A list whose values come and go in any order. */

/** The place of a value in its list. */
export interface Place<A> {
  readonly value: A
  /** False once it was removed. */
  readonly isTaken: boolean
}

/**
 * A list that adds and removes in constant time, in the order of arrival.
 *
 * **Details**
 *
 * A `Set` would do, if V8 did not link every table that a `Set` has outgrown to the next one: once an old table has left the
 * young generation, it keeps all later tables and their values alive until the next full collection. With hundreds of values
 * that come and go thousands of times a second most of the memory of finished runs outlived the young generation. A removed
 * value has no link to another one here.
 */
export class LinkedList<A> {
  readonly #end = new Node<A | undefined>(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The oldest value; `undefined` in an empty list. */
  get first(): A | undefined {
    return this.#end.next.value
  }

  add(value: A): Place<A> {
    const node = new Node<A | undefined>(value)
    const last = this.#end.previous
    node.previous = last
    node.next = this.#end
    last.next = node
    this.#end.previous = node
    this.#size++
    return node as Node<A>
  }

  /** Removes a value; false if it was removed before. */
  remove(place: Place<A>): boolean {
    const node = place as Node<A>
    if (!node.isTaken) return false
    node.previous.next = node.next
    node.next.previous = node.previous
    node.previous = node.next = node
    this.#size--
    return true
  }

  /** Removes the oldest value and returns it. */
  shift(): A | undefined {
    const oldest = this.#end.next
    if (oldest === this.#end) return undefined
    this.remove(oldest as Node<A>)
    return oldest.value
  }

  /** The places of the values of this moment. */
  places(): ReadonlyArray<Place<A>> {
    const places: Array<Place<A>> = []
    for (let node = this.#end.next; node !== this.#end; node = node.next) places.push(node as Node<A>)
    return places
  }
}

// internal

class Node<A> implements Place<A> {
  next: Node<A> = this
  previous: Node<A> = this

  constructor(readonly value: A) {}

  get isTaken(): boolean {
    return this.next !== this
  }
}
