# Examples and benchmarks: one program per file, linked with the library as users get it.

function(add_programs directory)
	foreach(source ${ARGN})
		get_filename_component(name ${source} NAME_WE)
		add_executable(${directory}_${name} ${source})
		target_link_libraries(${directory}_${name} PRIVATE await)
		set_target_properties(${directory}_${name} PROPERTIES
			OUTPUT_NAME ${name}
			RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${directory})
	endforeach()
endfunction()

if(LIBAWAIT_EXAMPLES)
	file(GLOB example_sources CONFIGURE_DEPENDS
		${CMAKE_SOURCE_DIR}/examples/*.c ${CMAKE_SOURCE_DIR}/examples/*/*.c)
	add_programs(examples ${example_sources})
endif()
if(LIBAWAIT_BENCH)
	# The peers under bench/peers need other libraries; bench/run builds them.
	file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
	add_programs(bench ${bench_sources})
endif()
