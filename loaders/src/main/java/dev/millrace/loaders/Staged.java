package dev.millrace.loaders;

/**
 * What memory says about one row. {@link Absent} means "gone"; {@link Unknown} means "ask the
 * database".
 */
public sealed interface Staged<E> {
  record Present<E>(E entity) implements Staged<E> {}

  record Absent<E>() implements Staged<E> {}

  record Unknown<E>() implements Staged<E> {}
}
