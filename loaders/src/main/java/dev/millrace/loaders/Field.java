package dev.millrace.loaders;

import java.io.Serializable;
import java.util.function.Function;

/** A component of an entity, named by its accessor: {@code Account::balance}. */
@FunctionalInterface
public interface Field<E, V> extends Function<E, V>, Serializable {}
