package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MirrorLayout;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The stores that keep the rows of simulated programs, and how much of their history they keep. */
final class SimulatedRouting {
  private static final Storage[] STORAGES = {
    Storage.POSTGRES, Storage.CLICKHOUSE, Storage.BOTH, Storage.BOTH
  };

  private final Map<EntityType<?>, Storage> storages = new LinkedHashMap<>();

  private SimulatedRouting() {}

  /** Keeps all entities in PostgreSQL. */
  static SimulatedRouting unmirrored() {
    SimulatedRouting routing = new SimulatedRouting();
    SimulatedRows.types().forEach(type -> routing.storages.put(type, Storage.POSTGRES));
    return routing;
  }

  /** Draws stores at random, with at least one entity in both. */
  static SimulatedRouting random(Random random) {
    SimulatedRouting routing = new SimulatedRouting();
    int certain = random.nextInt(SimulatedRows.types().size());
    for (EntityType<?> type : SimulatedRows.types()) {
      Versions versions = random.nextInt(3) == 0 ? Versions.LATEST : Versions.ALL;
      boolean both = routing.storages.size() == certain;
      routing.storages.put(
          type.laidOut(new MirrorLayout(versions, List.of(), "", "")),
          both ? Storage.BOTH : STORAGES[random.nextInt(STORAGES.length)]);
    }
    return routing;
  }

  List<EntityType<?>> types() {
    return new ArrayList<>(storages.keySet());
  }

  Storage of(EntityType<?> type) {
    return storages.getOrDefault(type, Storage.POSTGRES);
  }

  boolean isMirrored() {
    return storages.values().stream().anyMatch(Storage::isMirrored);
  }

  /** Entities that no program may read, by their records. */
  Map<Class<?>, EntityType<?>> unread() {
    Map<Class<?>, EntityType<?>> unread = new HashMap<>();
    storages.forEach((type, storage) -> {
      if (!storage.isInPostgres()) {
        unread.put(type.type(), type);
      }
    });
    return unread;
  }

  @Override
  public String toString() {
    List<String> each = new ArrayList<>();
    storages.forEach(
        (type, storage) -> each.add("%s=%s/%s".formatted(type, storage, type.layout().versions())));
    return String.join(" ", each);
  }
}
