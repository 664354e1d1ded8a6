import type { Json } from '../../../model/json.ts';

export function JsonView({ value, label = 'The message as JSON' }: { readonly value: Json; readonly label?: string }) {
  return (
    <section className="preview-json" aria-label={label}>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
