import { useEffect, useState } from 'react';
import { useSessionOptions } from '../data/session.tsx';
import { wayBackOf } from '../data/way-back.ts';
import { useToasts } from './toasts.tsx';

/** Tells whoever is signed in what came of going to a provider, once. */
export function Arrival() {
  const [way, setWay] = useState(() => wayBackOf(window.location));
  const { data } = useSessionOptions();
  const toasts = useToasts();
  useEffect(() => {
    if (way === null || data === undefined) return;
    const name = data.oidc.find(({ id }) => id === way.provider)?.name ?? 'The provider';
    if (way.end === 'linked') toasts.done(`${name} knows you now`, 'You can sign in there from now on.');
    else toasts.refused('Your account is as it was', `${name} ${way.words}`);
    setWay(null);
    window.history.replaceState(null, '', window.location.pathname);
  }, [way, data, toasts]);
  return null;
}
