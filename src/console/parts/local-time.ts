/** Epoch ms as `datetime-local` has it: by the clock on the operator's wall. */
export function toLocal(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offsetMs).toISOString().slice(0, 16);
}
