include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/cortex-m7.cmake)
