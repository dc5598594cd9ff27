package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Indexer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An indexer under the name that its config gives it, with what the config asks of each chain.
 *
 * <p>The schema remembers both. The end of a chain, its endpoints and rate limits are not part of
 * that: they may change from run to run.
 */
public record ConfiguredIndexer(Indexer definition, Config config) implements Indexer {
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
      // An entity that is kept in ClickHouse alone has no other place: a start refuses it.
      return type.storage() == Storage.CLICKHOUSE ? Storage.CLICKHOUSE : Storage.POSTGRES;
    }
    return type.storage() == Storage.CONFIGURED ? mirror.get().entities() : type.storage();
  }

  @Override
  public List<TriggerableJob<?>> jobs() {
    return definition.jobs();
  }

  /** True if any entity goes to the mirror. */
  public boolean isMirrored() {
    return entities().stream().anyMatch(type -> storage(type).isMirrored());
  }

  @Override
  public SortedMap<String, String> sourceRequirements() {
    SortedMap<String, String> asks = new TreeMap<>(definition.sourceRequirements());
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
