import type { ConnectionSuggestion } from '../../parts/connection-form.tsx';

const SECRET_BYTES = 24;

/** A webhook of `beckon sandbox` where it listens unless told otherwise. It checks no signature, so any secret will do. */
export function simulatedHook(): ConnectionSuggestion {
  const secret = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))));
  return {
    name: 'Simulator',
    entered: { url: 'http://127.0.0.1:9090/hooks/first', secret: `whsec_${secret}` },
    allowPrivateNetwork: true,
  };
}
