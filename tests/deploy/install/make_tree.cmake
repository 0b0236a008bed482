# What `cmake --install` makes of BUILD for deploy/install, in TREE.
file(REMOVE_RECURSE ${TREE})
foreach(component server model)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --strip --component ${component} --prefix ${TREE}
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
