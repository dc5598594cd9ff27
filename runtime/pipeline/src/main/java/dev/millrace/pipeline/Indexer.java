package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import java.util.List;
import java.util.SortedMap;

/** A complete definition: what is indexed, into what. A value; nothing runs because of it. */
public interface Indexer {
  /** Also the name of its schema. */
  String name();

  List<EntityType<?>> entities();

  /** Which stores keep the rows of one of them; never {@link Storage#CONFIGURED}. */
  default Storage storage(EntityType<?> type) {
    return type.storage() == Storage.CONFIGURED ? Storage.POSTGRES : type.storage();
  }

  /** What is asked of the chain, key by key, for the fingerprint that the schema stores. */
  SortedMap<String, String> asks();
}
