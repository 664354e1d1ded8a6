import { useEffect, useState } from 'react';
import { systemClock } from '../../model/clock.ts';

/** A value once it has stayed the same for a moment: what is asked with it is not asked at every keystroke. */
export function useSettled<T>(value: T, afterMs = 350): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => systemClock.after(afterMs, () => setSettled(() => value)), [value, afterMs]);
  return settled;
}
