package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerableJob;
import java.util.List;
import java.util.SortedMap;

/** A complete definition: the data to index, and its tables. A value; creating it runs nothing. */
public interface Indexer {
  /** The name, which is also the name of the schema. */
  String name();

  List<EntityType<?>> entities();

  /** The stores that keep the rows of this entity; never {@link Storage#CONFIGURED}. */
  default Storage storage(EntityType<?> type) {
    return type.storage() == Storage.CONFIGURED ? Storage.POSTGRES : type.storage();
  }

  /** The jobs that handlers trigger. */
  default List<TriggerableJob<?>> jobs() {
    return List.of();
  }

  /** The chain data that is requested, key by key, for the fingerprint stored in the schema. */
  SortedMap<String, String> sourceRequirements();
}
