/** What a script may cost, and how that is held. Sizes are bytes of UTF-8, times milliseconds. */
export const MAX_SOURCE_BYTES = 65_536;
/** The engine's parser recurses: deeper source would exhaust the stack of the thread instead of failing. */
export const MAX_BRACKET_DEPTH = 200;
export const MAX_CONTEXT_BYTES = 1_048_576;
export const MAX_OUTPUT_BYTES = 65_536;

/** Of everything one script holds: libraries, context, what it makes. */
export const MEMORY_BYTES = 16 * 1_048_576;
export const STACK_BYTES = 128 * 1_024;
/** What the engine begins with; this build of it does not begin with less. */
export const ENGINE_BYTES = 16 * 1_048_576;
/**
 * Of the engine's whole memory: its own 6 MiB, what a script holds, and gaps. A script that is killed for making gaps
 * has taken no more than this from the machine.
 */
export const LINEAR_BYTES = 32 * 1_048_576;
/** Processor time of one rendering; the engine asks while it interprets, so a loop inside a built-in gets past this. */
export const RENDER_CPU_MS = 50;
/**
 * Processor time of one rendering after which the thread is ended from outside: the only thing that stops every loop. On
 * a busy machine a thread without progress may just not have had its turn, so the clock on the wall does not count.
 */
export const STUCK_CPU_MS = 60;
/** The same while the sandbox is set up, which is nobody's fault. */
export const STUCK_SETUP_CPU_MS = 400;
/**
 * Wall time after which a rendering of a script nobody has seen come to an end is broken off within its thread. It leaves
 * a script that loops where the engine asks time to be stopped by it, which is able to tell the line.
 */
export const UNTRIED_WALL_MS = 65;
/** Wall time without progress after which nothing else counts. */
export const STARVED_MS = 2_500;
/** A step ends after the first rendering past this, so that a slow script is neither killed nor holds up others. */
export const STEP_MS = 100;

/** Recipients that share a context; the next step gets a fresh one. */
export const STEP_SIZE = 100;
/** The same with a script nobody has seen come to an end. */
export const UNTRIED_STEP_SIZE = 1;
/** For scripts that were seen to end, and for the others. */
export const PROVEN_THREADS = 2;
export const UNTRIED_THREADS = 1;
/** Of sandboxes with libraries loaded, by thread; about 1 to 4 MB each. */
export const MAX_IMAGES = 8;

/** A script that had to be stopped from outside this often within the window is refused until the window has passed. */
export const MAX_KILLS = 2;
export const KILL_WINDOW_MS = 10 * 60_000;
