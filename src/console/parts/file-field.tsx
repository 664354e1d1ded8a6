import { UploadIcon } from '@radix-ui/react-icons';
import { Spinner } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { Field } from './field.tsx';
import './file-field.css';

interface FileFieldProps {
  readonly label: string;
  readonly hint: ReactNode;
  readonly error: string | null;
  /** `.csv,.ndjson`. */
  readonly accept: string;
  readonly isReading: boolean;
  /** What was chosen; null: nothing yet. */
  readonly chosen: string | null;
  readonly onChoose: (file: File) => void;
}

/** A file to choose, or to drop: the browser's own control lies over what is seen, so that it takes both. */
export function FileField({ label, hint, error, accept, isReading, chosen, onChoose }: FileFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(tie) => (
        <div className="drop">
          <span className="drop-icon">{isReading ? <Spinner /> : <UploadIcon />}</span>
          <span className="drop-words">{chosen ?? 'Choose a file, or drop it here'}</span>
          <input
            {...tie}
            type="file"
            accept={accept}
            onChange={({ target }) => {
              const [file] = target.files ?? [];
              if (file !== undefined) onChoose(file);
              // Chosen again, the same file is another one: it may have been mended.
              target.value = '';
            }}
          />
        </div>
      )}
    </Field>
  );
}
