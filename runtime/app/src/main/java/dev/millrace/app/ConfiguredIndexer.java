package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Indexer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An indexer as a config runs it: under the config's name, and with what it asks of each chain.
 *
 * <p>That is what the schema remembers. Where a chain ends, who is asked and how fast are not part
 * of it: they may change from run to run.
 */
record ConfiguredIndexer(Indexer definition, Config config) implements Indexer {
  @Override
  public String name() {
    return config.name();
  }

  @Override
  public List<EntityType<?>> entities() {
    return definition.entities();
  }

  @Override
  public Storage storage(EntityType<?> type) {
    Optional<Config.ClickHouse> mirror = config.clickhouse();
    if (mirror.isEmpty()) {
      // One that is kept in ClickHouse alone has no other place: that is refused at start.
      return type.storage() == Storage.CLICKHOUSE ? Storage.CLICKHOUSE : Storage.POSTGRES;
    }
    return type.storage() == Storage.CONFIGURED ? mirror.get().entities() : type.storage();
  }

  /** Whether anything of it goes to the mirror. */
  boolean isMirrored() {
    return entities().stream().anyMatch(type -> storage(type).isMirrored());
  }

  @Override
  public SortedMap<String, String> asks() {
    SortedMap<String, String> asks = new TreeMap<>(definition.asks());
    for (Config.Chain chain : config.chains()) {
      String prefix = "chain " + chain.id() + " ";
      asks.put(prefix + "from", Long.toString(chain.from()));
      for (Config.Contract contract : chain.contracts()) {
        asks.put(
            prefix + contract.name(),
            String.join(
                " ", contract.addresses().stream().sorted().map(Object::toString).toList()));
      }
    }
    return Collections.unmodifiableSortedMap(asks);
  }
}
