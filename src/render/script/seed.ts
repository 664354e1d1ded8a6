/** What `Math.random` begins with: always the same for a recipient, so that a take-over renders what the owner did. */
export function seedOf(notificationId: string, seq: number): number {
  // FNV-1a
  let seed = 0x811c9dc5;
  for (const char of `${notificationId}/${seq}`) seed = Math.imul(seed ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return seed | 0;
}
