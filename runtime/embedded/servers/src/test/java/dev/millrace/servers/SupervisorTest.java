package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class SupervisorTest {
  private static final String OWN_CLASSES = "dev/millrace/";

  /** A missing class would only show on the day the supervisor has to stop a server. */
  @Test
  void classes_thatAreCopiedReferToNoOther() throws IOException {
    Set<String> copied = new TreeSet<>();
    Set<String> needed = new TreeSet<>();
    for (Class<?> type : SupervisorStarter.SUPERVISOR) {
      copied.add(type.getName().replace('.', '/'));
      needed.addAll(references(type));
    }
    assertThat(needed).isEqualTo(copied);
  }

  private static Set<String> references(Class<?> type) throws IOException {
    String file = "/" + type.getName().replace('.', '/') + ".class";
    try (InputStream stream = type.getResourceAsStream(file)) {
      assertThat(stream).isNotNull();
      Set<String> found = new TreeSet<>();
      for (PoolEntry entry : ClassFile.of().parse(stream.readAllBytes()).constantPool()) {
        if (entry instanceof ClassEntry reference
            && reference.asInternalName().startsWith(OWN_CLASSES)) {
          found.add(reference.asInternalName());
        }
      }
      return found.stream().map(name -> name.replace("[]", "")).collect(Collectors.toSet());
    }
  }

  @Test
  void launch_readsBackItsArguments() {
    SupervisorArguments launch =
        new SupervisorArguments(
            15432, true, Duration.ofMillis(1500), "unshare", List.of("a", "--", "b"));
    assertThat(SupervisorArguments.parse(launch.arguments())).isEqualTo(launch);
  }
}
