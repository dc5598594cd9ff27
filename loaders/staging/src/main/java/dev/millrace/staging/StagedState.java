package dev.millrace.staging;

/**
 * The state of one row in memory. {@link Absent} means "deleted"; {@link Unknown} means "ask the
 * database".
 */
public sealed interface StagedState<E> {
  record Present<E>(E entity) implements StagedState<E> {}

  record Absent<E>() implements StagedState<E> {}

  record Unknown<E>() implements StagedState<E> {}
}
