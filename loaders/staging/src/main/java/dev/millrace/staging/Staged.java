package dev.millrace.staging;

/**
 * The state of one row in memory. {@link Absent} means "deleted"; {@link Unknown} means "ask the
 * database".
 */
public sealed interface Staged<E> {
  record Present<E>(E entity) implements Staged<E> {}

  record Absent<E>() implements Staged<E> {}

  record Unknown<E>() implements Staged<E> {}
}
