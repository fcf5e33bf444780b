/** Which methods there are at a URL: what makes the difference between 404 and 405. */
import type { FastifyInstance } from 'fastify';

/** Parameters of our routes are whole segments. */
function patternOf(url: string): RegExp {
  const segments = url
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[^\w-]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}

/** The methods of all routes that are added to an app after this was made. */
export class AllowedMethods {
  readonly #routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const route = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const one of [method].flat()) route.methods.add(one);
      this.#routes.set(url, route);
    });
  }

  /** Sorted; empty where there is nothing at this URL. */
  of(url: string): string[] {
    const path = url.split('?', 1)[0] ?? '';
    const found = [...this.#routes.values()].find(({ pattern }) => pattern.test(path));
    return [...(found?.methods ?? [])].sort();
  }
}
