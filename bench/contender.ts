/** Whoever delivers the same messages to the same provider, in processes of its own that stay until it is closed. */
export interface Contender {
  /** Sends everybody so many notifications; resolves with the ms until the last was on record. */
  deliver(notifications: number): Promise<number>;
  close(): Promise<void>;
}
