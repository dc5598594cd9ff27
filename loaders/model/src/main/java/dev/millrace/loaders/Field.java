package dev.millrace.loaders;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** A component of an entity, named by its accessor: {@code Account::balance}. */
@FunctionalInterface
public interface Field<E, V> extends Serializable {
  @Nullable V of(E entity);
}
