/**
 * `target` with some of its methods replaced. All others are the target's own, called on it, whether it is an object of functions or
 * an instance of a class: a spread would lose what stands on a prototype.
 */
export function overlay<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(from, name) {
      if (Object.hasOwn(methods, name)) {
        return Reflect.get(methods, name)
      }
      const value: unknown = Reflect.get(from, name)
      return typeof value === 'function' ? value.bind(from) : value
    },
  })
}
