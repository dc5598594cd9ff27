package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Entities of another class loader, as in an application server or a development tool. */
final class ForeignRecordTest {
  @Entity
  record Row(@Id long id, int count, String text, @Nullable Address owner) {}

  /** Defines the classes of this file again and delegates the rest to its parent. */
  private static final class Reloader extends ClassLoader {
    Reloader() {
      super(ForeignRecordTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(ForeignRecordTest.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> known = findLoadedClass(name);
      return known == null ? define(name) : known;
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      String file = name.replace('.', '/') + ".class";
      try (InputStream stream = Objects.requireNonNull(getResourceAsStream(file))) {
        byte[] code = stream.readAllBytes();
        return defineClass(name, code, 0, code.length);
      } catch (IOException failed) {
        throw new ClassNotFoundException(name, failed);
      }
    }
  }

  @Test
  void entity_mayComeFromAnotherClassLoader() throws ClassNotFoundException {
    Class<?> foreign = new Reloader().loadClass(Row.class.getName());
    assertThat(foreign).isNotEqualTo(Row.class);

    check(EntityType.of(foreign));
  }

  private static <E> void check(EntityType<E> type) {
    Object[] values = {7L, 3, "seven", Address.ZERO};
    E row = type.create(values);

    assertThat(type.values(row)).containsExactly(values);
    assertThat(type.id(row)).isEqualTo(7L);
  }
}
