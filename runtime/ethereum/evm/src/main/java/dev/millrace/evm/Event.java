package dev.millrace.evm;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Makes a record the form of an event. Its components are the parameters, in their order. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Event {
  /**
   * The signature in Solidity's syntax: {@code Transfer(address indexed from, address indexed to,
   * uint256 value)}.
   */
  String value();
}
