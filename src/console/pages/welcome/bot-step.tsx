import { Button, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useMakeBot } from '../../data/bots.ts';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { explainError } from '../../parts/states.tsx';

export function BotStep({ onMade }: { readonly onMade: (botId: string) => void }) {
  const [name, setName] = useState('');
  const make = useMakeBot();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(name.trim(), { onSuccess: ({ id }) => onMade(id) });
  };
  const refusal = make.isError ? explainError(make.error) : null;
  return (
    <Sheet>
      <form className="form" onSubmit={submit}>
        <Field label="Name" hint="HR assistant, IT service desk." error={refusal && `${refusal.title}. ${refusal.fix}`}>
          {(tie) => (
            <TextField.Root
              {...tie}
              required
              autoFocus
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <div className="form-foot">
          <Button type="submit" loading={make.isPending}>
            Make the bot
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
