/*
 * What the libraries of `koreUtil` need around them, inside the sandbox: substitutes for the modules of Node they ask
 * for, and the last touch that makes each of them what Kore's scripts expect. The prelude is handed its value.
 */
(() => {
  const { apply } = Reflect;
  const { assign, defineProperty } = Object;

  const substitutes = {
    events: makeEmitter(),
    timers: { setImmediate: (task) => task() },
  };

  const finish = {
    moment(loaded, need) {
      // Zones are added to moment when somebody first asks it for one.
      for (const owner of [loaded, loaded.fn]) {
        defineProperty(owner, 'tz', { configurable: true, get: () => need('library:momenttz') });
      }
      return loaded;
    },
    momenttz(loaded) {
      const inZone = (...values) => loaded.tz(...values);
      return assign(inZone, loaded, loaded.tz, { tz: loaded.tz });
    },
    rrule: (loaded) => assign(loaded.RRule, loaded),
    _(lodash) {
      // Names of lodash 3 and underscore that older scripts use.
      return assign(lodash, {
        pluck: lodash.map,
        contains: lodash.includes,
        where: lodash.filter,
        findWhere: lodash.find,
      });
    },
    hash: (hashes) => (algorithm) => hasher(hashes, algorithm),
  };

  function hasher(hashes, algorithm) {
    const name = `${algorithm}`.toLowerCase().replace('-', '');
    if (!['sha1', 'sha224', 'sha256', 'sha384', 'sha512'].includes(name)) {
      throw new Error(`koreUtil.hash knows sha1, sha224, sha256, sha384 and sha512, not ${algorithm}`);
    }
    const state = hashes[name]();
    return {
      update(data) {
        state.update(typeof data === 'string' ? data : [...data]);
        return this;
      },
      digest(encoding) {
        const bytes = state.digest();
        if (encoding !== undefined) return encode(bytes, encoding);
        return defineProperty(bytes, 'toString', { value: (wanted) => encode(bytes, wanted) });
      },
    };
  }

  function encode(bytes, encoding) {
    if (encoding === 'hex') return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (encoding === 'base64') return toBase64(bytes);
    throw new Error('a digest is written as hex or base64');
  }

  function toBase64(bytes) {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    let text = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      for (let digit = 0; digit < 4; digit++) {
        text += i + digit > bytes.length ? '=' : digits[(group >> (18 - 6 * digit)) & 63];
      }
    }
    return text;
  }

  function makeEmitter() {
    return class EventEmitter {
      listenersOf(name) {
        this._events ??= {};
        this._events[name] ??= [];
        return this._events[name];
      }
      on(name, listener) {
        this.listenersOf(name).push(listener);
        return this;
      }
      once(name, listener) {
        const heard = (...values) => {
          this.removeListener(name, heard);
          apply(listener, this, values);
        };
        return this.on(name, heard);
      }
      emit(name, ...values) {
        const listeners = this.listenersOf(name).slice();
        for (const listener of listeners) apply(listener, this, values);
        return listeners.length > 0;
      }
      listeners(name) {
        return this.listenersOf(name).slice();
      }
      removeListener(name, listener) {
        this._events[name] = this.listenersOf(name).filter((known) => known !== listener);
        return this;
      }
      removeAllListeners(name) {
        if (name === undefined) this._events = {};
        else this.listenersOf(name).length = 0;
        return this;
      }
    };
  }

  return { substitutes, finish };
})();
