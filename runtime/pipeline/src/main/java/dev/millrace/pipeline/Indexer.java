package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import java.util.List;
import java.util.SortedMap;

/** A complete definition: what is indexed, into what. A value; nothing runs because of it. */
public interface Indexer {
  /** Also the name of its schema. */
  String name();

  List<EntityType<?>> entities();

  /** What is asked of the chain, key by key, for the fingerprint that the schema stores. */
  SortedMap<String, String> asks();
}
