/** What a script may cost, and how that is held. Sizes are bytes of UTF-8, times milliseconds. */
export const MAX_SOURCE_BYTES = 65_536;
/** The engine's parser recurses: deeper source would exhaust the stack of the thread instead of failing. */
export const MAX_BRACKET_DEPTH = 200;
export const MAX_CONTEXT_BYTES = 1_048_576;
export const MAX_OUTPUT_BYTES = 65_536;

/** Of everything one script holds: libraries, context, what it makes. */
export const MEMORY_BYTES = 16 * 1_048_576;
export const STACK_BYTES = 128 * 1_024;
/** Processor time of one rendering; the engine asks while it interprets, so a loop inside a built-in gets past this. */
export const RENDER_CPU_MS = 50;
/** Wall time without progress after which the thread is ended from outside: the only thing that stops every loop. */
export const STUCK_MS = 250;
/** Processor time it must have had meanwhile: on a busy machine a thread without progress may just not have had its turn. */
export const STUCK_CPU_MS = 125;
/** Wall time without progress after which nothing else counts. */
export const STARVED_MS = 2_500;
/** A step ends after the first rendering past this, so that a slow script is neither killed nor holds up others. */
export const STEP_MS = 100;

/** Recipients that share a context; the next step gets a fresh one. */
export const STEP_SIZE = 100;
export const MAX_THREADS = 2;
/** Tenants whose WebAssembly instance a thread keeps. */
export const MAX_INSTANCES = 16;

/** A script that had to be stopped from outside this often within the window is refused until the window has passed. */
export const MAX_KILLS = 2;
export const KILL_WINDOW_MS = 10 * 60_000;
