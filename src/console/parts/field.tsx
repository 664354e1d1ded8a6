import { type ReactNode, useId } from 'react';
import './field.css';

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with what was entered, and how it should be. */
  readonly error?: string | null | undefined;
  readonly optional?: boolean;
  /** Gets what ties it to its words: `id`, `aria-describedby`, `aria-invalid`. */
  readonly children: (tie: FieldTie) => ReactNode;
}

export interface FieldTie {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

/** A control with its label, a hint, and what is wrong with it. */
export function Field({ label, hint, error, optional = false, children }: FieldProps) {
  const id = useId();
  const says = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && ' '}
        {optional && <span className="field-optional">optional</span>}
      </label>
      {children({
        id,
        'aria-describedby': says === undefined ? undefined : `${id}-says`,
        'aria-invalid': error ? true : undefined,
      })}
      {says !== undefined && (
        <p id={`${id}-says`} className={error ? 'field-error' : 'field-hint'}>
          {says}
        </p>
      )}
    </div>
  );
}
