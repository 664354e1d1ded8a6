/** First in, first out, without moving the rest at every step. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** For few: it may move all the others. */
  putFirst(item: T): void {
    if (this.#head === 0) this.#items.unshift(item);
    else {
      this.#head -= 1;
      this.#items[this.#head] = item;
    }
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): void {
    this.#head += 1;
    if (this.#head > 1_000 && this.#head * 2 > this.#items.length) this.#compact();
  }

  /** Takes out those of a kind; the others keep their order. */
  withdraw(isOne: (item: T) => boolean): T[] {
    const items = this.clear();
    this.#items = items.filter((item) => !isOne(item));
    return items.filter(isOne);
  }

  clear(): T[] {
    this.#compact();
    return this.#items.splice(0);
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
