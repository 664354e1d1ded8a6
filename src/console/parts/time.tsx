import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { systemClock } from '../../model/clock.ts';
import { formatAgo, formatMoment } from './format.ts';

const NowContext = createContext(systemClock.now());
const EVERY_MS = 10_000;

/** One clock for the whole page, so that everything that tells how long ago something was agrees. */
export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [now, setNow] = useState(systemClock.now);
  useEffect(() => {
    let stop = () => {};
    const tick = () => {
      setNow(systemClock.now());
      stop = systemClock.after(EVERY_MS, tick);
    };
    stop = systemClock.after(EVERY_MS, tick);
    return () => stop();
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

export const useNow = (): number => use(NowContext);

/** How long ago; the moment itself on hover, and for screen readers. */
export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatMoment(at)} className="number">
      {formatAgo(at, now)}
    </time>
  );
}
