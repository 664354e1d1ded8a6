import type { NotificationStatus } from '../../model/notification.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Status documents of finished notifications that were asked for lately. The logs of a finished notification are final,
 * on whichever node they were written, so what was made of them stays right. The row is asked for at every call before
 * this is: one that is gone, belongs to another bot or is unfinished never comes here. Whatever shall change logs later
 * has to move `updatedAt`, which is part of the key.
 */
export class FinishedDocuments {
  /** The least lately asked for first. */
  readonly #documents = new Map<string, Buffer>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  find(notification: NotificationStatus): Buffer | null {
    const key = keyOf(notification);
    const document = this.#documents.get(key);
    if (document === undefined) return null;
    this.#documents.delete(key);
    this.#documents.set(key, document);
    return document;
  }

  keep(notification: NotificationStatus, document: Buffer): void {
    if (notification.finishedAt === null || document.length > this.#maxBytes) return;
    const key = keyOf(notification);
    this.#drop(key);
    this.#documents.set(key, document);
    this.#bytes += document.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#documents.get(key)?.length ?? 0;
    this.#documents.delete(key);
  }
}

const keyOf = ({ botId, id, updatedAt }: NotificationStatus): string => `${botId}/${id}/${updatedAt}`;
