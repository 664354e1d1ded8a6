import { TextField } from '@radix-ui/themes';
import { Field } from '../../parts/field.tsx';

const MIN_PASSWORD = 12;

interface NewPasswordProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What was wrong with the form at the last try; null: nothing. */
  readonly error: string | null;
}

export function NewPassword({ value, onChange, error }: NewPasswordProps) {
  return (
    <Field
      label="Password"
      hint={`At least ${MIN_PASSWORD} characters. A few words you can remember are good.`}
      error={error}
    >
      {(tie) => (
        <TextField.Root
          {...tie}
          size="3"
          type="password"
          required
          minLength={MIN_PASSWORD}
          autoComplete="new-password"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
