import type { ShownState } from './outcome-bar.tsx';

/** A state with its colour; the word says it too. */
export function StateWord({ state }: { readonly state: ShownState }) {
  return (
    <span className="state-word">
      <span className="dot" data-state={state} />
      {state}
    </span>
  );
}
