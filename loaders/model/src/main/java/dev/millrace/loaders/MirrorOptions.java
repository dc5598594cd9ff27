package dev.millrace.loaders;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Sets an entity's layout in ClickHouse, where the defaults do not fit. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface MirrorOptions {
  Versions versions() default Versions.ALL;

  /**
   * Components by which rows are sorted, before the id. For immutable entities, whose views are
   * filters: a query by one of these components then reads only the rows it needs.
   */
  String[] order() default {};

  /** A ClickHouse expression over columns, such as {@code toYYYYMM(time)}. */
  String partition() default "";

  /**
   * A ClickHouse expression for the time at which a row expires, such as {@code time + INTERVAL 90
   * DAY}. For immutable entities; {@code verify} does not compare them then.
   */
  String ttl() default "";
}
